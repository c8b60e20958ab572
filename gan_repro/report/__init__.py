"""REPORT.md, its pages in results/report, and the tables: all that is printed from the records."""
