"""What is found out about whole packs: reports for people and scripts."""
