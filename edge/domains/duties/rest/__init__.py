"""How long somebody may drive before a rest."""
