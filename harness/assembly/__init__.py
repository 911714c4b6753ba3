"""Settings → live objects: the only room that knows concrete classes."""
