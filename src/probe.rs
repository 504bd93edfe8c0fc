//! HTTPS GET of both health paths from here.
