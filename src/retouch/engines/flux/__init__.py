"""FLUX.1 Kontext behind the engine protocol. The only package that imports torch, and only when an engine is made."""
