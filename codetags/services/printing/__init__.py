"""QR images for print: how they look, and the files. Pillow, reportlab and fontTools are imported when needed."""
