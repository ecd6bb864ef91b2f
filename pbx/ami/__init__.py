"""The AMI link to Asterisk: panoramisk underneath, our rules around it."""
