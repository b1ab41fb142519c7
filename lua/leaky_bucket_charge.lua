-- What is charged after the fact waits for no turn. Twin: leaky_bucket_charge() in
-- src/limit/leaky_bucket.c.
local leaky_bucket_charge = token_bucket_charge
