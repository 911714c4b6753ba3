"""MangaAssist in small: a real shop chatbot on loopback with flaws and defects that can be switched on."""
