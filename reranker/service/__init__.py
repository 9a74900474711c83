"""The HTTP service of a reranker: interfaces that rerank clients speak, and a page for people."""
