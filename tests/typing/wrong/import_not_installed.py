# header: system
import requests  # M: "requests"  # e: ModuleNotFoundError
