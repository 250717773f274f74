"""The pages in a real browser: Debian's Chromium, driven by Playwright, at the real app's own address."""
