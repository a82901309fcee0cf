"""What a tool's API still knows of the past, as the deliveries that the tool would have sent. Pure.

A history is asked page by page: a unit of work asks, is answered, and ends with deliveries and further units. Who asks
over the network, waits out limits and remembers how far it came is somebody else.
"""
