# Tests of the journal layer.
unit_test(record LINKS journal)
unit_test(ring LINKS journal THREADS)
unit_test(tally LINKS journal)
unit_test(heavy_hitters LINKS journal)
unit_test(usage LINKS journal)
unit_test(journal LINKS support journal THREADS LABELS redis)
