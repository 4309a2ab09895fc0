"""What only a reader of the whole pack sees: one kind of thing in each module, all of it warnings with reasons."""
