"""What any program needs: findings, files, locks, SQLite, processes, settings files. It knows no well."""
