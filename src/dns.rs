//! Asks name servers: the marker and the service record.
