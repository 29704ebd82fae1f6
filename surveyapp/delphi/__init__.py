"""What is true of any Delphi study: pure rules about rounds, receipts and what follows from them."""
