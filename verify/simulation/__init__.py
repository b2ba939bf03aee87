"""Dies, impressions and scans of known truth: for the demonstration, calibration, tests and benchmarks.

Story: a `DieSpec` is drawn and made into a `Die` (dies), or forged (forgeries); a `Pressing` puts it on
paper (impressions); a `Capture` makes a scan or a photo of it (scans). Every random thing takes an explicit
`numpy.random.Generator` and is determined by it. All seals and owners here are fictional.
"""
