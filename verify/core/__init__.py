"""The ground: words of the domain, without pixels' algorithms, certificates' rules or the outside world."""
