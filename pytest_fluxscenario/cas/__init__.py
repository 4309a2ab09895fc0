"""The content-addressed store (store.md): blobs, the index that names them, trees of files, and importing."""
