"""The processes of production, one module each: web, relay, worker, and all workers."""
