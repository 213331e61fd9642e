"""The screen that the public sees: few figures, and no small number among them."""
