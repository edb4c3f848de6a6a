"""What the ports of `domain/ports.py` mean in the words of AWS, GitHub and HTTP.

Vendor values and vendor exceptions end here: what leaves is a value of the domain or one of the four errors of
`domain/errors.py`. Nothing here decides, remembers a deployment, or waits. To add a vendor call: the port first, then
the call in the vendor's room, its error codes, and a test with the exact request.
"""
