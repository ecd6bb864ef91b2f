"""The IVR runtime: walks a flow file, decides where a call goes, and lets go of it."""
