"""The AI service that deployer ships: it stands alone and imports nothing from deployer."""
