"""What stands in front of the network: linear and pitch prediction, coding, teacher forcing."""
