"""Events to what a person or a machine reads: live, plain, JSON lines, GitHub."""

from deployer.render.choose import Manner, Output, renderer_for
from deployer.render.stream import Renderer
from deployer.render.words import error_text, table

__all__ = ["Manner", "Output", "Renderer", "error_text", "renderer_for", "table"]
