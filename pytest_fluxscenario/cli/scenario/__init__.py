"""``fluxrig scenario``: run, compare, draft and keep scenarios. One module for each verb that has much to do."""
