"""``fluxrig store``, ``spec`` and ``profile``: what is filed, and the store that it is filed in (store.md)."""
