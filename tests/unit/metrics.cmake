# Tests of the metrics layer.
unit_test(exposition LINKS metrics support)
unit_test(metrics_report LINKS metrics support THREADS)
unit_test(metrics_apps LINKS metrics support THREADS)
unit_test(process_figures LINKS metrics support)
