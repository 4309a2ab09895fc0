"""Traces, metrics and logs by OpenTelemetry, for whoever asks for them; nothing of it is imported for others."""
