"""Charts as SVG, made from values: pure, told in words as well, coloured by the style sheet alone."""
