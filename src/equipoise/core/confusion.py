"""When the features of two domains are called alike: what the accuracy and the loss of their discriminator say."""

CONFUSED, SEPARATED = 0.6, 0.9
"""Accuracies of the discriminator below and above which the features of both domains are called alike and apart."""
BEHIND = 1.15
"""Part of its ideal value above which a discriminator's loss says that it does not keep up."""
