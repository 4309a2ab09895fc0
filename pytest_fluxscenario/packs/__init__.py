"""Process packs: found, read in both dialects, validated, and resolved for a scenario (pack.md, scenario.md)."""
