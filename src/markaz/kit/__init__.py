"""Small tools without a domain word in them. Nothing here may import another floor."""
