"""The control engine: pure, and knows no test runner (control.md)."""
