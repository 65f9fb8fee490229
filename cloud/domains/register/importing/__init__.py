"""Files of the register: read line by line, taken whole or not at all."""
