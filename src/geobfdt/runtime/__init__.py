"""General services: findings, files, locks, SQLite, processes, settings files; nothing about wells."""
