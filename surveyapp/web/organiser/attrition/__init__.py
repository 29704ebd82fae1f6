"""Who fell away between rounds, and who has not come yet."""
