"""The health of services as their users see it. The only place with httpx, which is imported when first needed."""
