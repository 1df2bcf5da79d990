"""What Markaz refuses to be, as closed lists and a guard. It knows no programme and asks no database itself."""
