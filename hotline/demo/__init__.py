"""One real call for everyone to see: dialled, answered, written down, filed."""
