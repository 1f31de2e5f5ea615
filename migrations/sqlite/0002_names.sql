-- Tables are called what they are called elsewhere in the program.
ALTER TABLE changes RENAME TO invalidations;
ALTER TABLE one_time_links RENAME TO one_time_tokens;
