"""Lists of trust after ETSI TS 119 612: read, checked, brought up to date."""
