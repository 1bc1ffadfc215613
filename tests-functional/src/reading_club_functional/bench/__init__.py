"""How fast the club is, beside what people would use instead: ``make bench``."""
