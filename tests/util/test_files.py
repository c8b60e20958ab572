"""A file is the old one or the new one, never half of either."""

import errno
import os
import stat

import numpy as np
import pytest

from gan_repro.util.files import atomic_write, require_writable, sha256_of_array, sha256_of_file


def test_writes_text_bytes_and_what_a_function_puts_out(tmp_path):
    atomic_write(tmp_path / "deep" / "text", "häh")
    atomic_write(tmp_path / "bytes", b"\x00\x01")
    atomic_write(tmp_path / "function", lambda file: file.write(b"abc"))
    assert (tmp_path / "deep" / "text").read_text(encoding="utf-8") == "häh"
    assert (tmp_path / "bytes").read_bytes() == b"\x00\x01"
    assert (tmp_path / "function").read_bytes() == b"abc"
    assert stat.S_IMODE((tmp_path / "bytes").stat().st_mode) == 0o644


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_at_any_step_leaves_only_the_old_file(tmp_path, monkeypatch, step, failure):
    target = tmp_path / "record.json"
    target.write_text("old")

    def fail(*_):
        raise failure

    if step != "write":
        monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(failure)):
        atomic_write(target, fail if step == "write" else "new")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["record.json"]


def test_an_unwritable_folder_is_found_out_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"cannot write to .*file.*choose another folder"):
        require_writable(tmp_path / "file")


def test_a_writable_folder_is_made_and_left_empty(tmp_path):
    require_writable(tmp_path / "new")
    assert os.listdir(tmp_path / "new") == []


def test_hashes_are_those_of_the_bytes(tmp_path):
    # SHA-256 of "abc", from FIPS 180-2, appendix B.1.
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of_file(tmp_path / "abc") == known
    assert sha256_of_array(np.frombuffer(b"axbxcx", dtype=np.uint8)[::2]) == known
