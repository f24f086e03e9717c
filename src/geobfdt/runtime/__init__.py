"""General services: findings, files, locks, SQLite, processes, settings files. This package knows no well."""
