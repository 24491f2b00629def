"""The three services of the shared medical record, on one road from call to traced answer."""
