"""What is played: the parameters, their values, and the surfaces that move them."""
