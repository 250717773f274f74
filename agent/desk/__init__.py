"""The desk on a draft: what people, incidents and time make of tickets."""
