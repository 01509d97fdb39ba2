"""The control plane: HTTP resources, websockets, pages."""
