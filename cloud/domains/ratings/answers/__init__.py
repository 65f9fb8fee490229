"""What becomes of ratings: cases of bad ones, replies, disputes, hiding."""
