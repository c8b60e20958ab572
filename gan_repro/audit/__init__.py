"""Whether records hold: integrity, seal, replay, rescoring, controls; two sides compared; records let in."""
