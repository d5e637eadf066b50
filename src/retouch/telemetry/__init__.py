"""What a running service tells of itself: measures, log lines, traces.

The layers above only say what happens, through ``measures``, ``context`` and ``spans``, which import nothing beyond the standard
library and do nothing until a process of the service is told to listen. ``import retouch`` pays for none of the rest.
"""
