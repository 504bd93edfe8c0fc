//! A fake AWS that the SDK talks to: the world, its wire, its endpoint and its name server.
