"""The ground that every layer stands on: errors, ids, clock, content ids, settings, ports.

Standard library only, save for the hash function. Nothing here imports another layer.
"""
